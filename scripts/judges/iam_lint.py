"""iam_lint.py FILE…   Judges identity policies with parliament; a JSON line a finding, then {"judged": n}."""
import json
import sys
import warnings

warnings.filterwarnings("ignore")  # parliament imports pkg_resources, which grumbles
from parliament import analyze_policy_string  # noqa: E402

for file in sys.argv[1:]:
    for f in analyze_policy_string(open(file).read()).findings:
        at = f.location.get("line") if isinstance(f.location, dict) else None
        print(json.dumps({"file": file, "judge": "parliament", "rule": f.issue, "message": f"{f.detail} (line {at})"[:400]}))
print(json.dumps({"judge": "parliament", "judged": len(sys.argv) - 1}))
