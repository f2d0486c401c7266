"""The built-in checks of jhubdoctor: a folder per area, a module and a note per check."""
