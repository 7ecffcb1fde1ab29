"""The formulas of ``render/`` in GLSL.

``geometry.py``: ``VERTEX`` turns the head and projects it. ``light.py``: ``_LIGHT`` on vertices
(eyes in each pixel: as there, so that a room may go from one to the other and nobody sees it).
``shade.py``: ``FRAGMENT`` the colour and tone. ``raster.py``: alpha as covered samples.
``i420.py``: ``YUV``. A change there is made here too; ``tests/test_render_gl.py`` compares the
pictures.

Row 0 of every target is the picture's topmost: y grows downwards throughout.
"""

from __future__ import annotations

from typing import Final

_LIGHT: Final = """
uniform vec3 eye;
uniform vec3 surface;  // specular, gloss, wrap
uniform vec3 scatter;

const vec3 KEY = vec3(0.380, 0.460, 0.802), FILL = vec3(-0.8650, 0.1442, 0.4806);
const vec3 RIM = vec3(0.3015, 0.6030, -0.7384), CATCH = vec3(0.3288, 0.4227, 0.8454);
const vec3 KEY_COLOUR = vec3(0.94, 0.87, 0.78), FILL_COLOUR = vec3(0.28, 0.32, 0.42);
const vec3 RIM_COLOUR = vec3(0.50, 0.50, 0.55), GLINT_COLOUR = vec3(1.0, 0.96, 0.9);
const vec3 GROUND = vec3(0.20, 0.17, 0.16), SKY = vec3(0.16, 0.21, 0.26);
const vec3 BOUNCE = vec3(0.08, -0.02, -0.05);

float light(vec3 at, vec3 normal, float open, out vec3 diffuse, out vec3 reflected) {
    vec3 n = normal * inversesqrt(dot(normal, normal) + 1e-9);
    vec3 view = normalize(eye - at);
    float facing = dot(n, view), grazing = 1.0 - clamp(facing, 0.0, 1.0);
    vec3 around = GROUND + SKY * (n.y * 0.5 + 0.5);
    vec3 wrap = surface.z * scatter;
    diffuse = around * open * 1.1 * (1.0 + BOUNCE * (1.0 - open))
        + clamp((dot(n, KEY) + wrap) / (1.0 + wrap), 0.0, 1.0) * KEY_COLOUR * mix(0.25, 1.0, open)
        + clamp((dot(n, FILL) + wrap) / (1.0 + wrap), 0.0, 1.0) * FILL_COLOUR * open
        + clamp(dot(n, RIM), 0.0, 1.0) * RIM_COLOUR * open;

    float aligned = max(dot(n, normalize(KEY + view)), 0.0);
    float lobe = 1.0 / (1.0 + surface.y * (1.0 - aligned) * 0.25);
    float fresnel = 0.04 + 0.96 * pow(grazing, 5.0);
    float glint = pow(lobe, 4.0) * (surface.y + 8.0) * 0.02 * (fresnel * 4.0 + 0.15);
    reflected = surface.x * open * open * (glint * GLINT_COLOUR + fresnel * 0.25 * around);

    vec3 mirrored = 2.0 * facing * n - view;
    return clamp((dot(mirrored, CATCH) - 0.965) * 50.0, 0.0, 1.0) * 0.9;
}
"""

VERTEX: Final = (
    f"#version 400\n{_LIGHT}"
    + """
in vec3 in_place;
in vec3 in_normal;
in vec2 in_uv;
in float in_open;
in float in_share;
uniform mat3 turn;
uniform vec3 neck;
uniform mat3 axes;  // right, up, forward
uniform vec2 spread;  // pixels × metres, in halves of the picture
uniform vec2 depth;  // depth 0..1 is x - y / distance
uniform float lift;
uniform float level;
out vec2 middle;
centroid out vec2 uv;
centroid out vec3 place;
centroid out vec3 normal;
centroid out float open;
centroid out vec3 diffuse;
centroid out vec3 reflected;

void main() {
    vec3 arm = in_place - neck;
    place = in_place + in_share * (turn * arm - arm);
    normal = in_normal + in_share * (turn * in_normal - in_normal);
    vec3 seen = axes * (place - eye);
    float z = (depth.x - lift) * seen.z - depth.y;
    gl_Position = vec4(spread.x * seen.x, -spread.y * seen.y, 2.0 * z - seen.z, seen.z);
    middle = uv = in_uv;
    open = in_open;
    light(place, normal, open, diffuse, reflected);
    diffuse *= level;
    reflected *= level;
}
"""
)

FRAGMENT: Final = (
    f"#version 400\n{_LIGHT}"
    + """
uniform sampler2D texels;
uniform float lod;
uniform bool is_eye;
uniform bool is_thin;
in vec2 middle;
centroid in vec2 uv;
centroid in vec3 place;
centroid in vec3 normal;
centroid in float open;
centroid in vec3 diffuse;
centroid in vec3 reflected;
out vec4 colour;

const float DITHER[16] = float[](
    0.0, 8.0, 2.0, 10.0, 12.0, 4.0, 14.0, 6.0, 3.0, 11.0, 1.0, 9.0, 15.0, 7.0, 13.0, 5.0);
const vec4 THRESHOLDS = vec4(0.13, 0.38, 0.63, 0.88);

int covered(float alpha) {
    if (alpha < 0.04) return 0;
    ivec2 at = ivec2(gl_FragCoord.xy) & 3;
    float level = alpha + DITHER[at.y * 4 + at.x] * (0.07 / 16.0) - 0.035;
    return int(dot(vec4(greaterThan(vec4(level), THRESHOLDS)), vec4(1.0, 2.0, 4.0, 8.0)));
}

void main() {
    gl_SampleMask[0] = is_thin ? covered(textureLod(texels, middle, lod).a) : 15;
    vec3 texel = textureLod(texels, uv, lod).rgb;
    vec3 matt = diffuse, glossy = reflected;
    if (is_eye) {
        float lamp = light(place, normal, open, matt, glossy);
        glossy += lamp;
    }
    vec3 linear = texel * texel * matt + glossy;
    colour = vec4(sqrt(clamp(linear / (linear * 0.35 + 0.72), 0.0, 1.0)), 1.0);
}
"""
)

WHOLE: Final = """#version 400
void main() {
    gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}
"""
"""One triangle over the whole target."""

BEFORE: Final = """#version 400
uniform sampler2DMS head;
uniform sampler2D backdrop;  // colours not multiplied by alpha
out vec4 colour;

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    vec4 near = (texelFetch(head, at, 0) + texelFetch(head, at, 1)
        + texelFetch(head, at, 2) + texelFetch(head, at, 3)) / 4.0;
    vec4 far = texelFetch(backdrop, at, 0);
    float share = (1.0 - near.a) * far.a, alpha = near.a + share;
    vec3 mixed = near.rgb + far.rgb * share;
    colour = near.a == 0.0 ? far : vec4(mixed / max(alpha, 1.0 / 255.0), alpha);
}
"""

YUV: Final = """#version 400
uniform sampler2D picture;
out float level;

ivec3 pixel(ivec2 at) {
    return ivec3(texelFetch(picture, at, 0).rgb * 255.0 + 0.5);
}

int sum(ivec3 colour, ivec3 shares) {
    ivec3 parts = colour * shares;
    return parts.r + parts.g + parts.b;
}

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy), size = textureSize(picture, 0);
    if (at.y < size.y) {
        level = float(((sum(pixel(at), ivec3(66, 129, 25)) + 128) >> 8) + 16) / 255.0;
        return;
    }
    int plane = size.x * size.y / 4, number = (at.y - size.y) * size.x + at.x;
    bool is_red = number >= plane;
    if (is_red) number -= plane;
    int half_width = size.x / 2;
    ivec2 corner = 2 * ivec2(number % half_width, number / half_width);
    ivec3 four = pixel(corner) + pixel(corner + ivec2(1, 0))
        + pixel(corner + ivec2(0, 1)) + pixel(corner + ivec2(1, 1));
    ivec3 shares = is_red ? ivec3(112, -94, -18) : ivec3(-38, -74, 112);
    level = float(((sum(four, shares) + 512) >> 10) + 128) / 255.0;
}
"""
