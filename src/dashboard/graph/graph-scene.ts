/** What the graphics card draws: agents, links, message flashes, circles around swarms. Four draw calls. */
import {
  Color,
  CustomBlending,
  DataTexture,
  FloatType,
  GLSL3,
  BufferAttribute,
  BufferGeometry,
  LinearSRGBColorSpace,
  Mesh,
  OneFactor,
  OneMinusSrcAlphaFactor,
  PerspectiveCamera,
  RawShaderMaterial,
  RGBAFormat,
  Scene,
  Sphere,
  Vector2,
  WebGLRenderer,
} from 'three';
import type { IUniform } from 'three';
import type { Rgb } from './agent-look.ts';
import { ROW, STRIDE } from './agent-field.ts';
import type { CameraPose } from './camera-rig.ts';
import { axesOf, FIELD_OF_VIEW } from './camera-rig.ts';
import type { Quality } from './quality-governor.ts';
import { isLively } from './quality-governor.ts';
import * as shaders from './shaders.ts';

/** Flashes shown at once; a newer one takes the oldest's place. */
const MAX_FLASHES = 256;
/** Seconds. */
export const FLASH_SECONDS = 0.9;

export interface SceneTheme {
  paper: string;
  ink: string;
  accent: string;
  alarm: string;
  topology: string;
  talk: string;
  flash: string;
  /** Opacity of the discs behind swarms. */
  ringFill: number;
}

type Uniforms = Record<string, IUniform>;

export class GraphScene {
  readonly #renderer: WebGLRenderer;
  readonly #scene = new Scene();
  readonly #camera = new PerspectiveCamera((FIELD_OF_VIEW * 180) / Math.PI, 1, 1, 100_000);
  readonly #viewport = new Vector2(1, 1);
  readonly #uniforms: Uniforms = {
    uViewport: { value: this.#viewport },
    uPixels: { value: 1 },
    uScale: { value: 1 },
    uTime: { value: 0 },
    uPulse: { value: 1 },
    uSoft: { value: 1 },
    uKinds: { value: 1 },
    uSeconds: { value: FLASH_SECONDS },
    uFill: { value: 0.05 },
    uPositions: { value: null },
    uPaper: { value: new Color() },
    uInk: { value: new Color() },
    uAccent: { value: new Color() },
    uAlarm: { value: new Color() },
    uTopology: { value: new Color() },
    uTalk: { value: new Color() },
    uFlash: { value: new Color() },
  };
  readonly #smooth: RawShaderMaterial;
  readonly #plain: RawShaderMaterial;
  readonly #agents: Layer;
  readonly #links: Layer;
  readonly #flashes: Layer;
  readonly #rings: Layer;
  #texture: DataTexture | undefined;
  #nextFlash = 0;
  #size = { width: 1, height: 1, pixelRatio: 1 };

  /** @throws {Error} where the browser has no WebGL 2. */
  constructor(canvas: HTMLCanvasElement) {
    this.#renderer = new WebGLRenderer({ canvas, antialias: false, alpha: false, powerPreference: 'high-performance' });
    // Colours are given as they are to appear.
    this.#renderer.outputColorSpace = LinearSRGBColorSpace;
    this.#renderer.autoClear = true;
    this.#rings = new Layer(this.#material(shaders.RING_VERTEX, shaders.RING_FRAGMENT), ['uBall', 'uTint']);
    this.#links = new Layer(this.#material(shaders.LINK_VERTEX, shaders.LINK_FRAGMENT), ['uEnds', 'uWeight']);
    this.#flashes = new Layer(this.#material(shaders.FLASH_VERTEX, shaders.FLASH_FRAGMENT), ['uEnds']);
    this.#smooth = this.#material(shaders.AGENT_VERTEX, shaders.AGENT_FRAGMENT, true);
    this.#plain = this.#material(shaders.AGENT_VERTEX, shaders.AGENT_PLAIN_FRAGMENT, true);
    this.#agents = new Layer(this.#smooth, ['uLook', 'uColor', 'uState']);
    this.#flashes.count = MAX_FLASHES;
    this.clearFlashes();
    for (const [order, layer] of [this.#rings, this.#links, this.#flashes, this.#agents].entries()) {
      layer.mesh.renderOrder = order;
      this.#scene.add(layer.mesh);
    }
  }

  get agents(): Layer {
    return this.#agents;
  }

  get links(): Layer {
    return this.#links;
  }

  get rings(): Layer {
    return this.#rings;
  }

  setTheme(theme: SceneTheme): void {
    const set = (name: string, color: string): void => {
      this.#set(name, new Color().setStyle(color, LinearSRGBColorSpace));
    };
    set('uPaper', theme.paper);
    set('uInk', theme.ink);
    set('uAccent', theme.accent);
    set('uAlarm', theme.alarm);
    set('uTopology', theme.topology);
    set('uTalk', theme.talk);
    set('uFlash', theme.flash);
    this.#set('uFill', theme.ringFill);
    this.#renderer.setClearColor(new Color().setStyle(theme.paper, LinearSRGBColorSpace), 1);
  }

  /** CSS pixels of the canvas, and the display's pixels per CSS pixel. */
  resize(width: number, height: number, pixelRatio: number): void {
    if (width === this.#size.width && height === this.#size.height && pixelRatio === this.#size.pixelRatio) return;
    this.#size = { width, height, pixelRatio };
    this.#renderer.setPixelRatio(pixelRatio);
    this.#renderer.setSize(width, height, false);
    this.#camera.aspect = width / Math.max(1, height);
  }

  setQuality(quality: Quality, calm: boolean): void {
    this.#set('uSoft', quality.antialias ? 1 : 0);
    this.#agents.material = quality.antialias ? this.#smooth : this.#plain;
    this.#set('uKinds', quality.links === 'all' ? 1 : 0);
    const lively = isLively(quality, calm);
    this.#set('uPulse', lively ? 1 : 0);
    this.#flashes.mesh.visible = lively;
    this.#rings.mesh.visible = quality.detail;
  }

  /** The positions of all agents, as {@link AgentField} keeps them. */
  setPositions(data: Float32Array<ArrayBuffer>): void {
    if (this.#texture?.image.data !== data) {
      this.#texture?.dispose();
      this.#texture = new DataTexture(data, ROW, data.length / STRIDE / ROW, RGBAFormat, FloatType);
      this.#set('uPositions', this.#texture);
    }
    if (this.#texture !== undefined) this.#texture.needsUpdate = true;
  }

  /** A message from one agent (by index) to another. */
  flash(from: number, to: number, atSeconds: number): void {
    const index = this.#nextFlash;
    this.#nextFlash = (index + 1) % MAX_FLASHES;
    this.#flashes.array('uEnds').set([from, to, atSeconds], index * STRIDE);
    this.#flashes.changed('uEnds');
  }

  /** Indices of agents have changed meaning: flashes under way end. */
  clearFlashes(): void {
    const ends = this.#flashes.array('uEnds');
    for (let i = 0; i < MAX_FLASHES; i++) ends[i * STRIDE + 2] = -1e6;
    this.#flashes.changed('uEnds');
  }

  draw(pose: Readonly<CameraPose>, seconds: number): void {
    const { width, height, pixelRatio } = this.#size;
    const { back } = axesOf(pose);
    const camera = this.#camera;
    const [x, y, z] = pose.target;
    camera.near = Math.max(0.5, pose.distance / 200);
    camera.far = pose.distance * 20;
    camera.position.set(x + back[0] * pose.distance, y + back[1] * pose.distance, z + back[2] * pose.distance);
    camera.lookAt(x, y, z);
    camera.updateProjectionMatrix();
    this.#viewport.set(width * pixelRatio, height * pixelRatio);
    this.#set('uPixels', (height * pixelRatio) / (2 * Math.tan(FIELD_OF_VIEW / 2)));
    this.#set('uScale', pixelRatio);
    this.#set('uTime', seconds);
    this.#renderer.render(this.#scene, camera);
  }

  [Symbol.dispose](): void {
    for (const layer of [this.#agents, this.#links, this.#flashes, this.#rings]) layer[Symbol.dispose]();
    this.#smooth.dispose();
    this.#plain.dispose();
    this.#texture?.dispose();
    this.#renderer.dispose();
  }

  #set(name: string, value: unknown): void {
    const uniform = this.#uniforms[name];
    if (uniform !== undefined) uniform.value = value;
  }

  #material(vertexShader: string, fragmentShader: string, writesDepth = false): RawShaderMaterial {
    return new RawShaderMaterial({
      glslVersion: GLSL3,
      // three declares these for its own shaders only.
      vertexShader: `precision highp float;\nuniform mat4 viewMatrix;\nuniform mat4 projectionMatrix;\n${vertexShader}`,
      fragmentShader,
      // Shared, beside the layer's own.
      uniforms: { ...this.#uniforms },
      transparent: true,
      depthWrite: writesDepth,
      depthTest: writesDepth,
      blending: CustomBlending,
      blendSrc: OneFactor,
      blendDst: OneMinusSrcAlphaFactor,
    });
  }
}

/**
 * Many marks of one kind in one draw call: four vertices each, which read the mark's values from textures by their own
 * number. Instances would do the same, but a software renderer draws each of them by itself: 10,000 agents then took
 * it 370 ms of CPU (ARCHITECTURE.md, decisions).
 */
export class Layer {
  readonly mesh: Mesh;
  #material: RawShaderMaterial;
  readonly #geometry = new BufferGeometry();
  readonly #textures = new Map<string, DataTexture>();
  readonly #names: readonly string[];
  #capacity = 0;
  #count = 0;

  /** `names`: of the textures; each holds {@link STRIDE} floats a mark. */
  constructor(material: RawShaderMaterial, names: readonly string[]) {
    this.#material = material;
    this.#names = names;
    this.mesh = new Mesh(this.#geometry, material);
    // Nothing of the geometry says where the marks are.
    this.mesh.frustumCulled = false;
    this.#geometry.boundingSphere = new Sphere();
    this.reserve(ROW);
  }

  /** Another way to draw the same marks. */
  set material(material: RawShaderMaterial) {
    this.#material = material;
    this.mesh.material = material;
    for (const [name, texture] of this.#textures) material.uniforms[name] = { value: texture };
  }

  set count(count: number) {
    this.reserve(count);
    this.#count = count;
    this.#geometry.setDrawRange(0, count * INDICES.length);
  }

  get count(): number {
    return this.#count;
  }

  /** The values of a texture; write, then call {@link changed}. Growing replaces it. */
  array(name: string): Float32Array {
    return this.#texture(name).image.data as Float32Array;
  }

  changed(...names: string[]): void {
    for (const name of names) this.#texture(name).needsUpdate = true;
  }

  /** Room for as many marks; what is held is kept. */
  reserve(count: number): void {
    if (count <= this.#capacity) return;
    const rows = 2 ** Math.ceil(Math.log2(count / ROW));
    this.#capacity = rows * ROW;
    for (const name of this.#names) {
      const data = new Float32Array(this.#capacity * STRIDE);
      const before = this.#textures.get(name);
      if (before !== undefined) data.set(before.image.data as Float32Array);
      before?.dispose();
      const texture = new DataTexture(data, ROW, rows, RGBAFormat, FloatType);
      this.#textures.set(name, texture);
      this.#material.uniforms[name] = { value: texture };
      texture.needsUpdate = true;
    }
    const indices = new Uint32Array(this.#capacity * INDICES.length);
    for (let i = 0; i < indices.length; i++) {
      indices[i] = Math.floor(i / INDICES.length) * 4 + (INDICES[i % INDICES.length] ?? 0);
    }
    // Buffers on the card have a fixed size: a new geometry state is needed for a larger one.
    this.#geometry.dispose();
    this.#geometry.setIndex(new BufferAttribute(indices, 1));
    this.#geometry.setDrawRange(0, this.#count * INDICES.length);
  }

  [Symbol.dispose](): void {
    this.#geometry.dispose();
    this.#material.dispose();
    for (const texture of this.#textures.values()) texture.dispose();
  }

  #texture(name: string): DataTexture {
    const texture = this.#textures.get(name);
    if (texture === undefined) throw new RangeError(`no texture ${name}`);
    return texture;
  }
}

/** Vertices of a quad's two triangles. */
const INDICES = [0, 1, 2, 0, 2, 3];

/** Writes a colour 0–255 as 0–1. */
export function writeRgb(array: Float32Array, at: number, [red, green, blue]: Rgb): void {
  array[at] = red / 255;
  array[at + 1] = green / 255;
  array[at + 2] = blue / 255;
}
