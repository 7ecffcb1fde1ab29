/**
 * Light as `avatar_worker/render/shade.py` has it, for each pixel: a warm key light from the upper
 * left of the person, a cool fill, a rim from behind, a sky that is bright above, and skin that
 * scatters red furthest. Texels are squared and pixels rooted, a gamma of 2.
 */

// `centroid`: at a seam of the texture, a pixel that is half covered would else read beyond it.

export const HEAD_VERTEX = /* glsl */ `
#include <common>
#include <morphtarget_pars_vertex>
#include <skinning_pars_vertex>
attribute vec4 occlusion;
centroid varying vec3 vPlace;
centroid varying vec3 vNormalThere;
centroid varying vec2 vTexel;
centroid varying float vOcclusion;
void main() {
  vTexel = uv;
  vOcclusion = occlusion.r;
  #include <beginnormal_vertex>
  #include <morphnormal_vertex>
  #include <skinbase_vertex>
  #include <skinnormal_vertex>
  #include <begin_vertex>
  #include <morphtarget_vertex>
  #include <skinning_vertex>
  vec4 place = modelMatrix * vec4(transformed, 1.0);
  vPlace = place.xyz;
  vNormalThere = mat3(modelMatrix) * objectNormal;
  gl_Position = projectionMatrix * viewMatrix * place;
}`;

export const HEAD_FRAGMENT = /* glsl */ `
uniform sampler2D map;
uniform float specular;
uniform float gloss;
uniform vec3 wrap;
uniform float level;
uniform float catchLevel;
centroid varying vec3 vPlace;
centroid varying vec3 vNormalThere;
centroid varying vec2 vTexel;
centroid varying float vOcclusion;

// Levels of detail: as sharp as the avatar worker's, and thin lashes sharper.
#ifdef DECAL
const float SHARPER = -1.5;
#else
const float SHARPER = -0.7;
#endif
const vec3 KEY = vec3(0.380, 0.460, 0.802);
const vec3 FILL = vec3(-0.8650, 0.1442, 0.4806);
const vec3 RIM = vec3(0.3015, 0.6030, -0.7384);
const vec3 KEY_COLOUR = vec3(0.94, 0.87, 0.78);
const vec3 FILL_COLOUR = vec3(0.28, 0.32, 0.42);
const vec3 RIM_COLOUR = vec3(0.50, 0.50, 0.55);
const vec3 GROUND = vec3(0.20, 0.17, 0.16);
const vec3 SKY = vec3(0.16, 0.21, 0.26);
const vec3 BOUNCE = vec3(0.08, -0.02, -0.05);
const vec3 GLINT = vec3(1.0, 0.96, 0.9);
const vec3 CATCH = vec3(0.3288, 0.4227, 0.8454);

void main() {
  vec4 texel = texture2D(map, vTexel, SHARPER);
  #ifdef CUTOUT
    // Sharpened over one pixel, so that strands keep their width at every distance.
    texel.a = clamp((texel.a - 0.4) / max(fwidth(texel.a), 0.0001) + 0.5, 0.0, 1.0);
  #endif
  if (texel.a < 0.004) discard;
  vec3 normal = normalize(vNormalThere);
  vec3 view = normalize(cameraPosition - vPlace);
  float facing = dot(normal, view);
  float ao = vOcclusion;
  vec3 sky = GROUND + SKY * (normal.y * 0.5 + 0.5);
  vec3 spread = 1.0 / (1.0 + wrap);
  vec3 diffuse = sky * ao * 1.1 * (1.0 + BOUNCE * (1.0 - ao))
    + clamp((dot(normal, KEY) + wrap) * spread, 0.0, 1.0) * KEY_COLOUR * (0.25 + 0.75 * ao)
    + clamp((dot(normal, FILL) + wrap) * spread, 0.0, 1.0) * FILL_COLOUR * ao
    + clamp(dot(normal, RIM), 0.0, 1.0) * RIM_COLOUR * ao;

  float aligned = max(dot(normal, normalize(KEY + view)), 0.0);
  float lobe = 1.0 / (1.0 + gloss * (1.0 - aligned) * 0.25);
  lobe *= lobe;
  float grazing = 1.0 - max(facing, 0.0);
  float fresnel = grazing * grazing;
  fresnel = 0.04 + 0.96 * fresnel * fresnel * grazing;
  float glint = lobe * lobe * (gloss + 8.0) * 0.02 * (fresnel * 4.0 + 0.15);
  vec3 shine = specular * ao * ao * (glint * GLINT + fresnel * 0.25 * sky);
  float mirrored = dot(2.0 * facing * normal - view, CATCH);
  float lamp = clamp((mirrored - 0.965) * 50.0, 0.0, 1.0) * catchLevel;

  vec3 colour = texel.rgb * texel.rgb * diffuse * level + shine * level + lamp;
  colour = sqrt(clamp(colour / (colour * 0.35 + 0.72), 0.0, 1.0));
  gl_FragColor = vec4(colour, texel.a);
}`;

export const BACKDROP_VERTEX = /* glsl */ `
varying vec2 vPart;
void main() {
  vPart = vec2(uv.x, 1.0 - uv.y);
  gl_Position = vec4(position.xy, 0.0, 1.0);
}`;

/** As `avatar_worker/paint.py`: one colour, softly lit, or an even gradient. */
export const BACKDROP_FRAGMENT = /* glsl */ `
uniform vec3 top;
uniform vec3 bottom;
uniform float lit;
varying vec2 vPart;
float glow(vec2 centre, float radius) {
  vec2 away = vPart - centre;
  return exp(-dot(away, away) / (2.0 * radius * radius));
}
void main() {
  float level = mix(1.05, 0.86, vPart.y);
  level += 0.07 * glow(vec2(0.20, 0.22), 0.22);
  level += 0.04 * glow(vec2(0.86, 0.30), 0.24);
  level -= 0.10 * glow(vec2(0.72, 0.85), 0.30);
  level -= 0.09 * glow(vec2(0.05, 0.88), 0.28);
  vec2 away = vPart - vec2(0.5, 0.45);
  level *= 1.0 - 0.2 * dot(away, away);
  gl_FragColor = vec4(mix(top, bottom, vPart.y) * mix(1.0, level, lit), 1.0);
}`;
