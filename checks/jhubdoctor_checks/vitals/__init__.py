"""What users asked for and did not get, counted, whatever the cause: a symptom that stands under what explains it."""
