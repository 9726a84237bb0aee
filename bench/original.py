"""What the original installer does to install plugins from images, and nothing else: for one plugin after the other,
`skopeo copy` into a new directory, then one pass of tarfile over the first layer. Arguments: ROOT IMAGE!PATH..."""

import json
import os
import subprocess
import sys
import tarfile
import tempfile

root, *plugins = sys.argv[1:]
for plugin in plugins:
    image, path = plugin.split("!")
    with tempfile.TemporaryDirectory() as temporary:
        command = ["skopeo", "copy", "--override-os=linux", "--override-arch=amd64", "--src-tls-verify=false"]
        subprocess.run([*command, f"docker://{image}", f"dir:{temporary}"], check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(temporary, "manifest.json"), encoding="utf-8") as file:
            layer = json.load(file)["layers"][0]["digest"].split(":")[1]
        with tarfile.open(os.path.join(temporary, layer), "r:gz") as archive:
            for member in archive:
                if member.name.startswith(path):
                    archive.extract(member, root)
