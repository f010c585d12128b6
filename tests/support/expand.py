"""Writes template.yaml as CloudFormation without SAM, for a linter that does not know SAM: expand.py TEMPLATE OUTPUT."""

import json
import logging
import sys

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform


class NoManagedPolicies:
    def load(self):
        return {}


logging.disable(logging.WARNING)
with open(sys.argv[1], encoding="utf-8") as file:
    template = json.loads(json.dumps(yaml_parse(file.read())))
# The translator wants what `sam package` would have put there.
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::Function":
        resource["Properties"]["CodeUri"] = "s3://bucket/key"
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump(transform(template, {}, NoManagedPolicies()), file, indent=1)
