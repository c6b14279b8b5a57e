"""Which values Python's re.fullmatch matches:  python fullmatch.py > fullmatch.json"""

import json
import re

CASES = {
    r"[A-Z]{2}\d+": ["AB1", "ab1", "AB", "AB12x", "AB\u0661", "xAB1"],
    r"a|ab": ["a", "ab", "abc", ""],
    r"\w+@\w+\.[a-z]{2,}": ["ann@example.org", "añn@example.org", "ann@example", "@b.org"],
    r"(?i)yes|no": ["YES", "no", "No", "maybe"],
    r"\s*": ["", " \t", "\u00a0", "a"],
    r".+": ["a", "a\nb", "ü", " "],
    r"(?s).+": ["a\nb"],
    r"\d{4}-\d{2}-\d{2}": ["2024-01-31", "2024-1-31", "x2024-01-31", "2024-01-31\n"],
    r"^abc$": ["abc", "abc\n", "xabc"],
    r"(?:\+\d{1,3} )?\d{3,}": ["+49 123", "123", "+4912 1", "12"],
    r"[^,;]*": ["a b", "a,b", ""],
    r"(?P<y>\d\d)(?P<m>\d\d)": ["2401", "240"],
    r"\bcat\b": ["cat", "cats"],
    r"x*?": ["", "xx", "y"],
    r"[\w.-]+": ["a.b-c", "a b", "É"],
}
found = [[p, v, re.fullmatch(p, v) is not None] for p, values in CASES.items() for v in values]
print(json.dumps(found, separators=(",", ":")))
