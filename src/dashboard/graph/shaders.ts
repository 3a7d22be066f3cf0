/**
 * Shaders of the graph. Positions of agents are in one texture that all of them read: a frame uploads it and nothing
 * else. What marks look like is in textures too, and a vertex finds its own by its number. Every mark is a quad that faces the eye, drawn as a signed distance in pixels, so that edges are smooth without
 * multisampling and shapes read the same from every side. Colours leave premultiplied.
 */
import { ROW } from './agent-field.ts';

const COMMON = /* glsl */ `
precision highp float;
precision highp int;
uniform vec2 uViewport;   // pixels
uniform float uPixels;    // pixels per world unit at distance 1
uniform float uScale;     // canvas pixels per CSS pixel
uniform float uTime;      // s
uniform highp sampler2D uPositions;
vec4 at(highp sampler2D texture_, int index) { return texelFetch(texture_, ivec2(index % ${ROW}, index / ${ROW}), 0); }
vec4 agentAt(int index) { return at(uPositions, index); }
// Four vertices a mark, around a quad.
int mark() { return gl_VertexID / 4; }
vec2 corner(float left) {
  int k = gl_VertexID % 4;
  return vec2(k == 1 || k == 2 ? 1.0 : left, k > 1 ? 1.0 : -1.0);
}
`;

/** Rings of smaller marks would only be noise; an error keeps its own. CSS pixels of radius. */
const RING_FROM = '3.2';

export const AGENT_VERTEX = /* glsl */ `${COMMON}
uniform highp sampler2D uLook;    // radius, shape, status, visibility 0-1
uniform highp sampler2D uColor;   // rgb, stale
uniform highp sampler2D uState;   // pulse Hz, 1 hovered or 2 selected
uniform float uPulse;     // 0: none
out vec2 vAt;             // pixels from the middle
flat out float vRadius;   // pixels
flat out vec4 vColor;
flat out vec2 vKind;      // shape, status
flat out float vAlpha;
flat out float vMark;
void main() {
  int index = mark();
  vec4 place = agentAt(index);
  vec4 look = at(uLook, index);
  vec4 state = at(uState, index);
  vec4 seen = viewMatrix * vec4(place.xyz, 1.0);
  float pulse = 1.0 + uPulse * 0.09 * sin(6.28318 * state.x * uTime) * step(0.01, state.x);
  float grow = 0.55 + 0.45 * place.w;
  vRadius = max(look.x * uPixels / max(1.0, -seen.z), 2.6 * uScale) * pulse * grow;
  // No larger than what is drawn: software rendering pays for every pixel.
  bool error = look.z > 2.5 && look.z < 3.5;
  bool ringed = error || (look.z > 0.5 && look.z < 2.5 && vRadius > ${RING_FROM} * uScale);
  float reach = state.y > 0.5 ? vRadius * 1.32 + 7.5 * uScale : ringed ? vRadius * 1.32 + 3.5 * uScale : vRadius * 1.3 + 2.2 * uScale;
  vAt = corner(-1.0) * reach;
  vColor = at(uColor, index);
  vKind = look.yz;
  vAlpha = place.w * look.w;
  vMark = state.y;
  gl_Position = projectionMatrix * seen;
  gl_Position.xy += vAt * 2.0 / uViewport * gl_Position.w;
  // What is dimmed must never hide what is not.
  if (look.w < 0.5) gl_Position.z = gl_Position.w * 0.9999;
  // What is pointed at, or selected, is never hidden.
  if (state.y > 0.5) gl_Position.z = -gl_Position.w * (state.y > 1.5 ? 0.998 : 0.999);
  if (vAlpha < 0.01) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}`;

const AGENT_INPUTS = /* glsl */ `
precision highp float;
uniform float uScale;
uniform vec3 uPaper;
uniform vec3 uInk;
uniform vec3 uAccent;
uniform vec3 uAlarm;
in vec2 vAt;
flat in float vRadius;
flat in vec4 vColor;
flat in vec2 vKind;
flat in float vAlpha;
flat in float vMark;
out vec4 oColor;
`;

export const AGENT_FRAGMENT = /* glsl */ `${AGENT_INPUTS}
const float PI = 3.14159265;

// Regular polygon of n corners, one of them up; r is the distance of the corners.
float polygon(vec2 p, float n, float r) {
  float sector = PI / n;
  float turn = mod(atan(p.x, p.y) + sector, 2.0 * sector) - sector;
  return length(p) * cos(abs(turn) - sector) - r * cos(sector);
}
float star(vec2 p, float r) {
  float sector = PI / 5.0;
  float turn = abs(mod(atan(p.x, p.y) + sector, 2.0 * sector) - sector);
  vec2 q = length(p) * vec2(cos(turn), sin(turn));
  vec2 tip = vec2(r, 0.0);
  vec2 notch = r * 0.5 * vec2(cos(sector), sin(sector));
  vec2 edge = notch - tip;
  return dot(q - tip, normalize(vec2(edge.y, -edge.x)));
}
float box(vec2 p, vec2 half_) { vec2 d = abs(p) - half_; return length(max(d, 0.0)) + min(max(d.x, d.y), 0.0); }

float shape(vec2 p, float kind, float r) {
  if (kind < 0.5) return length(p) - r * 0.94;
  if (kind < 1.5) return box(p, vec2(r * 0.74)) - r * 0.08;
  if (kind < 2.5) return polygon(p, 4.0, r * 1.14);
  if (kind < 3.5) return polygon(p + vec2(0.0, r * 0.14), 3.0, r * 1.26);
  if (kind < 4.5) return polygon(p, 5.0, r * 1.1);
  if (kind < 5.5) return polygon(p, 6.0, r * 1.06);
  if (kind < 6.5) return min(box(p, vec2(r * 0.36, r)), box(p, vec2(r, r * 0.36)));
  return star(p, r * 1.26);
}
float inside(float d) { return clamp(0.5 - d / max(1.0, uScale), 0.0, 1.0); }
void over(inout vec4 below, vec3 color, float alpha) { below = vec4(color * alpha, alpha) + below * (1.0 - alpha); }

void main() {
  float status = vKind.y;
  float d = shape(vAt, vKind.x, vRadius);
  float far = length(vAt) - vRadius * 1.32;
  float unit = uScale;
  vec4 c = vec4(0.0);
  bool hollow = status > 3.5;
  bool error = status > 2.5 && status < 3.5;
  // A seam of paper keeps neighbours and lines apart.
  over(c, uPaper, inside(d - 1.6 * unit) * 0.9);
  if (error || (status > 0.5 && status < 2.5 && vRadius > ${RING_FROM} * unit)) {
    float thick = status < 1.5 || error ? 1.0 : 0.55;
    float ring = abs(far - 1.6 * unit) - thick * unit;
    float cut = status > 1.5 && !error ? step(0.0, sin(atan(vAt.y, vAt.x) * 8.0)) : 1.0;
    over(c, error ? uAlarm : mix(uInk, vColor.rgb, 0.35), inside(ring) * cut * (error ? 1.0 : 0.8));
  }
  vec3 fill = mix(vColor.rgb, mix(uPaper, vec3(dot(vColor.rgb, vec3(0.3, 0.59, 0.11))), 0.55), vColor.a * 0.75);
  float shade = 1.0 + 0.10 * clamp(vAt.y / max(1.0, vRadius), -1.0, 1.0);
  over(c, hollow ? uPaper : fill * shade, inside(d));
  float rim = max(1.0, vRadius * 0.10) ;
  over(c, hollow ? fill : mix(fill, uInk, 0.45), inside(abs(d + rim * 0.5) - rim * 0.5) * (hollow ? 1.0 : 0.55));
  if (error) {
    float bar = box(vAt - vec2(0.0, vRadius * 0.18), vec2(max(0.8 * unit, vRadius * 0.12), vRadius * 0.32));
    float point = length(vAt + vec2(0.0, vRadius * 0.40)) - max(0.9 * unit, vRadius * 0.14);
    over(c, vec3(0.06), inside(min(bar, point)));
  }
  if (status > 4.5) over(c, fill, inside(length(vAt) - vRadius * 0.28));
  if (vMark > 0.5) over(c, uAccent, inside(abs(far - 4.6 * unit) - (vMark > 1.5 ? 1.3 : 0.8) * unit));
  float alpha = vAlpha * (1.0 - vColor.a * 0.45);
  c *= alpha;
  if (c.a < 0.02) discard;
  oColor = c;
}`;

/**
 * The same marks for weak graphics: shape, fill, ring and seam with hard edges, of sums and comparisons only. A software
 * renderer runs every branch for every pixel, so there are none.
 */
export const AGENT_PLAIN_FRAGMENT = /* glsl */ `${AGENT_INPUTS}
float shape(vec2 p, float kind, float r) {
  vec2 a = abs(p);
  float d = length(p) - r * 0.94;
  d = kind > 0.5 ? max(a.x, a.y) - r * 0.82 : d;
  d = kind > 1.5 ? (a.x + a.y - r * 1.14) * 0.71 : d;
  d = kind > 2.5 ? max(a.x * 0.866 + p.y * 0.5, -p.y) - r * 0.62 : d;
  d = kind > 3.5 ? max(max(a.x * 0.588 + p.y * 0.809, a.x * 0.951 - p.y * 0.309), -p.y) - r * 0.89 : d;
  d = kind > 4.5 ? max(a.x, a.x * 0.5 + a.y * 0.866) - r * 0.92 : d;
  d = kind > 5.5 ? max(min(a.x, a.y) - r * 0.36, max(a.x, a.y) - r) : d;
  d = kind > 6.5 ? (a.x + a.y + 1.4 * min(a.x, a.y) - r * 1.26) * 0.6 : d;
  return d;
}
void main() {
  float status = vKind.y;
  float d = shape(vAt, vKind.x, vRadius);
  float far = length(vAt) - vRadius * 1.32;
  float hollow = step(3.5, status);
  float error = step(2.5, status) - hollow;
  float rung = max(error, step(0.5, status) * (1.0 - step(2.5, status)) * step(${RING_FROM} * uScale, vRadius));
  float ring = rung * step(abs(far - 1.6 * uScale), 0.8 * uScale);
  float mark = step(0.5, vMark) * step(abs(far - 4.6 * uScale), 1.3 * uScale);
  float body = step(d, 0.0);
  float rim = step(abs(d + 0.8 * uScale), 0.8 * uScale);
  vec3 fill = mix(vColor.rgb, mix(uPaper, vec3(dot(vColor.rgb, vec3(0.3, 0.59, 0.11))), 0.55), vColor.a * 0.75);
  vec3 color = mix(uPaper, fill, body * (1.0 - hollow * (1.0 - rim)));
  color = mix(color, mix(mix(uInk, vColor.rgb, 0.35), uAlarm, error), ring * (1.0 - body));
  color = mix(color, uAccent, mark);
  float alpha = max(max(body, step(d, 1.6 * uScale) * 0.9), max(ring, mark)) * vAlpha * (1.0 - vColor.a * 0.45);
  if (alpha < 0.08) discard;
  oColor = vec4(color * alpha, alpha);
}`;

/** A segment between two agents as a quad of constant width; both ends are clipped to before the eye. */
const SEGMENT = /* glsl */ `
void segment(vec3 a, vec3 b, float halfWidth, float side, float end, out vec4 clip, out float along) {
  vec4 from = viewMatrix * vec4(a, 1.0);
  vec4 to = viewMatrix * vec4(b, 1.0);
  float near = -1.0;
  if (from.z > near && to.z > near) { clip = vec4(2.0, 2.0, 2.0, 1.0); along = 0.0; return; }
  if (from.z > near) from = mix(from, to, (near - from.z) / (to.z - from.z));
  if (to.z > near) to = mix(to, from, (near - to.z) / (from.z - to.z));
  vec4 c0 = projectionMatrix * from;
  vec4 c1 = projectionMatrix * to;
  vec2 s0 = c0.xy / c0.w * uViewport * 0.5;
  vec2 s1 = c1.xy / c1.w * uViewport * 0.5;
  vec2 way = s1 - s0;
  float len = max(length(way), 1e-4);
  vec2 normal = vec2(-way.y, way.x) / len;
  clip = end < 0.5 ? c0 : c1;
  clip.xy += normal * side * halfWidth * 2.0 / uViewport * clip.w;
  along = end * len;
}
`;

export const LINK_VERTEX = /* glsl */ `${COMMON}${SEGMENT}
uniform highp sampler2D uEnds;    // two agents, kind 0 topology 1 communication, visibility
uniform highp sampler2D uWeight;  // weight, at s, half-life s
uniform float uKinds;     // 0: communication only
out float vAcross;
out float vAlong;
flat out float vKind;
flat out float vHalf;
flat out float vAlpha;
void main() {
  int index = mark();
  vec2 place = corner(0.0);
  vec4 ends = at(uEnds, index);
  vec4 link = at(uWeight, index);
  vec4 a = agentAt(int(ends.x + 0.5));
  vec4 b = agentAt(int(ends.y + 0.5));
  float weight = link.x * exp2(min(0.0, (link.y - uTime) / max(0.001, link.z)));
  float strength = weight / (weight + 0.8);
  vKind = ends.z;
  vHalf = (vKind < 0.5 ? 0.5 : 0.55 + 1.1 * strength) * uScale;
  vAlpha = min(a.w, b.w) * ends.w * (vKind < 0.5 ? 0.34 : 0.16 + 0.74 * strength);
  if (vKind < 0.5) vAlpha *= uKinds;
  float reach = vHalf + uScale;
  vAcross = place.y * reach;
  vec4 clip;
  segment(a.xyz, b.xyz, reach, place.y, place.x, clip, vAlong);
  gl_Position = vAlpha < 0.01 ? vec4(2.0, 2.0, 2.0, 1.0) : clip;
}`;

export const LINK_FRAGMENT = /* glsl */ `
precision highp float;
uniform float uScale;
uniform float uSoft;
uniform vec3 uTopology;
uniform vec3 uTalk;
in float vAcross;
in float vAlong;
flat in float vKind;
flat in float vHalf;
flat in float vAlpha;
out vec4 oColor;
void main() {
  float d = abs(vAcross) - vHalf;
  float alpha = vAlpha * (uSoft > 0.5 ? clamp(0.5 - d / uScale, 0.0, 1.0) : step(d, 0.35 * uScale));
  if (vKind < 0.5) alpha *= step(mod(vAlong / uScale, 7.0), 4.0);
  if (alpha < 0.01) discard;
  oColor = vec4((vKind < 0.5 ? uTopology : uTalk) * alpha, alpha);
}`;

export const FLASH_VERTEX = /* glsl */ `${COMMON}${SEGMENT}
uniform highp sampler2D uEnds;    // two agents, start s
uniform float uSeconds;   // how long a flash takes
out float vAcross;
out float vShare;
flat out float vAlpha;
void main() {
  vec4 ends = at(uEnds, mark());
  vec2 place = corner(0.0);
  float t = (uTime - ends.z) / uSeconds;
  if (t < 0.0 || t > 1.0) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); return; }
  vec4 a = agentAt(int(ends.x + 0.5));
  vec4 b = agentAt(int(ends.y + 0.5));
  float eased = t * t * (3.0 - 2.0 * t);
  vec3 head = mix(a.xyz, b.xyz, eased);
  vec3 tail = mix(a.xyz, b.xyz, max(0.0, eased - 0.3));
  float reach = 3.0 * uScale;
  vAcross = place.y * reach;
  vShare = place.x;
  vAlpha = min(a.w, b.w) * smoothstep(0.0, 0.15, t) * (1.0 - smoothstep(0.8, 1.0, t));
  vec4 clip;
  float along;
  segment(tail, head, reach, place.y, place.x, clip, along);
  gl_Position = clip;
}`;

export const FLASH_FRAGMENT = /* glsl */ `
precision highp float;
uniform float uScale;
uniform vec3 uFlash;
in float vAcross;
in float vShare;
flat in float vAlpha;
out vec4 oColor;
void main() {
  float wide = 0.4 + 1.5 * vShare;
  float alpha = vAlpha * vShare * clamp(0.5 - (abs(vAcross) / uScale - wide), 0.0, 1.0);
  if (alpha < 0.01) discard;
  oColor = vec4(uFlash * alpha, alpha);
}`;

/** Circles around swarms. */
export const RING_VERTEX = /* glsl */ `${COMMON}
uniform highp sampler2D uBall;    // middle, radius
uniform highp sampler2D uTint;    // rgb, visibility
out vec2 vAt;
flat out float vRadius;
flat out vec4 vTint;
void main() {
  vec4 ball = at(uBall, mark());
  vec4 seen = viewMatrix * vec4(ball.xyz, 1.0);
  vRadius = ball.w * uPixels / max(1.0, -seen.z);
  float reach = vRadius + 2.0 * uScale;
  vAt = corner(-1.0) * reach;
  vTint = at(uTint, mark());
  gl_Position = projectionMatrix * seen;
  gl_Position.xy += vAt * 2.0 / uViewport * gl_Position.w;
  if (seen.z > -1.0 || vTint.a < 0.01) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}`;

export const RING_FRAGMENT = /* glsl */ `
precision highp float;
uniform float uScale;
uniform float uFill;
in vec2 vAt;
flat in float vRadius;
flat in vec4 vTint;
out vec4 oColor;
void main() {
  float d = length(vAt) - vRadius;
  float line = clamp(0.5 - (abs(d) - 0.6 * uScale) / uScale, 0.0, 1.0);
  float disc = clamp(0.5 - d / uScale, 0.0, 1.0);
  float alpha = vTint.a * max(line * 0.55, disc * uFill);
  if (alpha < 0.004) discard;
  oColor = vec4(vTint.rgb * alpha, alpha);
}`;
