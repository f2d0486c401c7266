"""What users asked for and did not get, counted, whatever the cause: symptoms that stand under what explains them."""
