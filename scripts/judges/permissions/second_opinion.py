"""A second evaluator of IAM policies, MiniStack's. In: JSON lines {policy, action, resource, context}; out: a line each,
Allow, Deny or ImplicitDeny. It does not look whether the action exists or takes such a resource, as the first does."""
import json
import sys

from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

for line in sys.stdin:
    q = json.loads(line)
    context = EvalContext(
        principal_arn="arn:aws:iam::123456789012:role/machine", principal_type="AssumedRole", principal_account="123456789012",
        action=q["action"], resource_arn=q["resource"], region="us-east-1",
        service_context={k.lower(): v for k, v in q["context"].items()} | q["context"],
        principal_keys={"aws:userid": "AROAMACHINE:session"})
    print(evaluate(context, [parse_policy_document(q["policy"])]).decision)
