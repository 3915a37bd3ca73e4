#!/usr/bin/env python3
"""Makes container images without a container engine.

  mkimage.py layer   FOLDER OUT.layer                    packs a folder as it is (owners, modes), reproducibly
  mkimage.py archive OUT.tar NAME:TAG FLAGS              an OCI archive
  mkimage.py store   FOLDER REPOSITORY TAG[,TAG] FLAGS   into the storage folder of a CNCF distribution registry

FLAGS: --layer=FILE (repeats, lowest first) --env=K=V (repeats) --entrypoint=a,b --cmd=a,b --user=U --workdir=D
       --port=N --label=K=V (repeats)

`store` makes what public registries have: an index of linux/amd64 and linux/arm64 and a build attestation. The
arm64 image has the amd64 image's layers: it can be built upon and looked at, but does not run.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import tarfile

OCI = "application/vnd.oci.image."
TIME = 1_700_000_000


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def pack(folder, out):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:

        def still(member):
            member.mtime, member.uname, member.gname = TIME, "", ""
            return member

        for name in sorted(os.listdir(folder)):
            tar.add(os.path.join(folder, name), name, filter=still)  # goes down in sorted order
    with open(out, "wb") as file:
        file.write(gzip.compress(raw.getvalue(), 6, mtime=0))


class Image:
    """The blobs of one image, by digest, and the descriptor of its top document."""

    def __init__(self):
        self.blobs = {}
        self.manifests = []

    def put(self, media_type, data, manifest=False):
        if not isinstance(data, bytes):
            data = json.dumps(data).encode()
        self.blobs[digest(data)] = data
        if manifest:
            self.manifests.append(digest(data))
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    def manifest(self, config, layers, **more):
        return self.put(OCI + "manifest.v1+json", {
            "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": config, "layers": layers, **more,
        }, manifest=True)


def single(image, flags, arch):
    """Config and manifest of one platform; the manifest's descriptor."""
    config = {"Env": flags.env or ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}
    if flags.user:
        config["User"] = flags.user
    if flags.workdir:
        config["WorkingDir"] = flags.workdir
    if flags.entrypoint:
        config["Entrypoint"] = flags.entrypoint.split(",")
    if flags.cmd:
        config["Cmd"] = flags.cmd.split(",")
    if flags.port:
        config["ExposedPorts"] = {flags.port + "/tcp": {}}
    if flags.label:
        config["Labels"] = dict(label.split("=", 1) for label in flags.label)
    layers = [open(name, "rb").read() for name in flags.layer]
    described = image.put(OCI + "config.v1+json", {
        "architecture": arch, "os": "linux", "created": "2023-11-14T22:13:20Z", "config": config,
        "rootfs": {"type": "layers", "diff_ids": [digest(gzip.decompress(layer)) for layer in layers]},
        "history": [{"created": "2023-11-14T22:13:20Z", "created_by": "tests/cluster/bases"} for _ in layers],
    })
    return image.manifest(described, [image.put(OCI + "layer.v1.tar+gzip", layer) for layer in layers])


def attestation(image, subject):
    """What BuildKit adds to an index: not an image, and no platform to run on."""
    statement = image.put("application/vnd.in-toto+json", {
        "_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": [{"name": "stand-in", "digest": {"sha256": subject["digest"][7:]}}], "predicate": {},
    })
    config = image.put(OCI + "config.v1+json", {
        "architecture": "unknown", "os": "unknown", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [statement["digest"]]},
    })
    return image.manifest(config, [statement]) | {
        "platform": {"architecture": "unknown", "os": "unknown"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject["digest"]},
    }


def archive(out, name, flags):
    image = Image()
    top = single(image, flags, "amd64") | {
        "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rsplit(":", 1)[1]},
    }
    index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [top]}
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps(index).encode()}
    files |= {"blobs/sha256/" + name[7:]: data for name, data in image.blobs.items()}
    with tarfile.open(out, "w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def store(folder, repository, tags, flags):
    """https://distribution.github.io/distribution/about/architecture: files named by digest, and links to them."""
    image = Image()
    amd64 = single(image, flags, "amd64")
    arm64 = single(image, flags, "arm64")
    index = image.put(OCI + "index.v1+json", {
        "schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [
            amd64 | {"platform": {"architecture": "amd64", "os": "linux"}},
            arm64 | {"platform": {"architecture": "arm64", "os": "linux", "variant": "v8"}},
            attestation(image, amd64),
        ],
    }, manifest=True)["digest"]

    def write(path, data):
        path = os.path.join(folder, "docker/registry/v2", path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)

    home = f"repositories/{repository}"
    for name, data in image.blobs.items():
        write(f"blobs/sha256/{name[7:9]}/{name[7:]}/data", data)
        kind = "_manifests/revisions" if name in image.manifests else "_layers"
        write(f"{home}/{kind}/sha256/{name[7:]}/link", name.encode())
    for tag in tags.split(","):
        write(f"{home}/_manifests/tags/{tag}/current/link", index.encode())
        write(f"{home}/_manifests/tags/{tag}/index/sha256/{index[7:]}/link", index.encode())


def main():
    usage = argparse.ArgumentParser(usage=__doc__)
    usage.add_argument("words", nargs="+")
    for name in ("layer", "env", "label"):
        usage.add_argument("--" + name, action="append", default=[])
    for name in ("entrypoint", "cmd", "user", "workdir", "port"):
        usage.add_argument("--" + name)
    flags = usage.parse_args()
    match flags.words:
        case ["layer", folder, out]:
            pack(folder, out)
        case ["archive", out, name]:
            archive(out, name, flags)
        case ["store", folder, repository, tags]:
            store(folder, repository, tags, flags)
        case _:
            usage.error("see the usage")


main()
