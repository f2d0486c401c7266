"""The built-in checks of jhubdoctor: a folder per area, a module and a note per check."""

from jhubdoctor import DOC_BASE as DOC_BASE
from jhubdoctor_checks.data import KNOWS as KNOWS
