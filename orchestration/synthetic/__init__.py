"""Made-up returns: a year in the shapes that forces really send, whose published counts come out exactly.

`write_years` builds one base year in memory, calibrated by quotas, then writes it force by force and quarter
by quarter. No person, place or event in it is real; summaries are coded.
"""

from orchestration.synthetic.writing import write_years

__all__ = ["write_years"]
