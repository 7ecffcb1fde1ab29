// node three.js FILE.glb …: three.js loads the head, with its rig and all 52 morph targets.
const { readFileSync } = require("node:fs");

// Node has no pictures: textures are left out, everything else is what a browser loads.
globalThis.self = globalThis;
globalThis.createImageBitmap = async () => ({ width: 1, height: 1, close() {} });

const FACE = ["skin", "eyes", "teeth", "tongue", "lashes"];

async function main() {
  const { GLTFLoader } = await import("three/examples/jsm/loaders/GLTFLoader.js");
  for (const path of process.argv.slice(2)) {
    const bytes = readFileSync(path);
    const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const { scene } = await new GLTFLoader().parseAsync(data, "");
    const meshes = {};
    scene.traverse((node) => {
      if (node.isSkinnedMesh) meshes[node.name] = node;
    });
    for (const name of FACE) {
      const targets = Object.keys(meshes[name]?.morphTargetDictionary ?? {});
      if (targets.length !== 52) throw new Error(`${path}: ${name} has ${targets.length} targets`);
    }
    const bones = meshes.skin.skeleton.bones.map((bone) => bone.name).join(" ");
    if (bones !== "Body Head LeftEye RightEye") throw new Error(`${path}: bones ${bones}`);
    console.log(`${path}: ${Object.keys(meshes).join(", ")}; 52 targets; bones ${bones}`);
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
