// node validate.js FILE.glb …: the Khronos validator finds no error and no warning.
const { readFileSync } = require("node:fs");
const validator = require("gltf-validator");

async function main() {
  let faults = 0;
  for (const path of process.argv.slice(2)) {
    const report = await validator.validateBytes(new Uint8Array(readFileSync(path)));
    const { numErrors, numWarnings, numInfos, numHints, messages } = report.issues;
    faults += numErrors + numWarnings;
    console.log(
      `${path}: ${numErrors} errors, ${numWarnings} warnings, ${numInfos} infos, ${numHints} hints; ` +
        `${report.info.totalTriangleCount} triangles`,
    );
    for (const kind of new Set(messages.map((m) => `${m.severity} ${m.code}`))) console.log("  " + kind);
  }
  process.exit(faults ? 1 : 0);
}

main();
