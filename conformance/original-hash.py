"""What an original writes into dynamic-plugin-config.hash.

stdin: {"record": the merged entry without pluginConfig and version, "local": directory of a local package or null,
"original": "Python" or "TypeScript"}; stdout: the hash.
"""
import hashlib
import json
import os
import sys


def facts(directory):
    """As the Python original gathers them: modification times are floats, whole or not."""
    manifest = os.path.join(directory, "package.json")
    with open(manifest, encoding="utf-8") as file:
        info = {"_package_json": json.load(file), "_package_json_mtime": os.path.getmtime(manifest)}
    for name in ("package-lock.json", "yarn.lock"):
        lock = os.path.join(directory, name)
        if os.path.isfile(lock):
            info[f"_{name}_mtime"] = os.path.getmtime(lock)
    return info


def numbers_of_javascript(value):
    """Whole numbers have no `.0` there."""
    if isinstance(value, dict):
        return {key: numbers_of_javascript(one) for key, one in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


given = json.load(sys.stdin)
record = given["record"]
if given["local"] is not None:
    record["_local_package_info"] = facts(given["local"])
if given["original"] == "Python":
    text = json.dumps(record, sort_keys=True)
else:
    text = json.dumps(numbers_of_javascript(record), sort_keys=True, ensure_ascii=False)
sys.stdout.write(hashlib.sha256(text.encode("utf-8")).hexdigest())
