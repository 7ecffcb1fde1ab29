"""Builds the heads that come with Visavis from CC0 MakeHuman data and from what it paints itself.

Lengths are decimetres in MakeHuman's frame (y up, the face towards +z, the person's left at +x)
until :mod:`sculpt.glb` writes metres with the origin between the eyes.
"""
