#!/usr/bin/env python3
"""Packs the metapackage beside this file; the same input gives the same bytes."""
import pathlib
import zipfile

here = pathlib.Path(__file__).parent
name = "Patched.DistributedLock.Core"
parts = {
    f"{name}.nuspec": (here / f"{name}.nuspec").read_text(),
    "_rels/.rels": '<?xml version="1.0" encoding="utf-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/{name}.nuspec" Id="R1" /></Relationships>',
    "[Content_Types].xml": '<?xml version="1.0" encoding="utf-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml" />'
    '<Default Extension="nuspec" ContentType="application/octet" /></Types>',
}
with zipfile.ZipFile(here / f"{name}.1.0.11.nupkg", "w", zipfile.ZIP_DEFLATED) as package:
    for path, text in parts.items():
        package.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), text)
