// What the machine must bring itself, each with the line that is printed when it is missing.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOnPath, isFile, tryRun } from './world.mjs';

const PYTHON_MIN = [3, 9];
const CMAKE_MIN = [3, 21]; // ctest writes JUnit from here on

/** The names of `needed` that are missing, one line each, with what to install. */
export function missingPrerequisites(needed) {
  const checks = { npm: checkNpm, python: checkPython, compiler: checkCompiler, cmake: checkCmake, make: checkMake };
  return Object.keys(checks).filter((name) => needed.has(name)).map((name) => checks[name]()).filter((line) => line !== null);
}

export function pythonProgram() {
  return process.env.PYTHON || 'python3';
}

export function compilerProgram() {
  return process.env.CXX || ['c++', 'g++', 'clang++'].find((name) => findOnPath(name) !== null) || null;
}

/** The one on PATH, or the one that PyPI's package `cmake` brings (its folder is often not on PATH). */
export function cmakeProgram() {
  return findOnPath('cmake') ?? fromPython('cmake', 'CMAKE_BIN_DIR', 'cmake');
}

export function ninjaProgram() {
  return findOnPath('ninja') ?? fromPython('ninja', 'BIN_DIR', 'ninja');
}

function fromPython(module, folderVariable, program) {
  const path = tryRun(pythonProgram(), ['-c', `import os, ${module}; print(os.path.join(${module}.${folderVariable}, '${program}'))`])?.trim();
  return path !== undefined && isFile(path) ? path : null;
}

function checkNpm() {
  return findOnPath('npm') ? null : 'npm is missing: it comes with Node (https://nodejs.org)';
}

function checkPython() {
  const hint = `install Python ${PYTHON_MIN.join('.')} or newer with pip (Debian, Ubuntu: python3 python3-pip), or name it with PYTHON`;
  const version = versionIn(tryRun(pythonProgram(), ['--version']));
  if (version === null) return `python3 is missing: ${hint}`;
  if (isOlder(version, PYTHON_MIN)) return `python3 is ${version.join('.')}, too old: ${hint}`;
  return tryRun(pythonProgram(), ['-m', 'pip', '--version']) === null ? `python3 has no pip: ${hint}` : null;
}

function checkCmake() {
  const hint = `install CMake ${CMAKE_MIN.join('.')} or newer (Debian, Ubuntu: cmake; or: python3 -m pip install cmake)`;
  const program = cmakeProgram();
  const version = program === null ? null : versionIn(tryRun(program, ['--version']));
  if (version === null) return `cmake is missing: ${hint}`;
  return isOlder(version, CMAKE_MIN) ? `cmake is ${version.join('.')}, too old: ${hint}` : null;
}

function checkMake() {
  return findOnPath('make') || ninjaProgram() ? null : 'make is missing: install make or ninja (Debian, Ubuntu: make; or: python3 -m pip install ninja)';
}

/** Compiles four lines instead of trusting version numbers: a new compiler over an old standard library is no C++20 compiler. */
function checkCompiler() {
  const hint = 'install a C++20 compiler (Debian, Ubuntu: g++, version 11 or newer; macOS: xcode-select --install), or name it with CXX';
  const compiler = compilerProgram();
  if (compiler === null) return `no C++ compiler found: ${hint}`;
  const folder = mkdtempSync(join(tmpdir(), 'slackwater-c++20-'));
  try {
    const source = join(folder, 'probe.cpp');
    writeFileSync(source, '#include <bit>\n#include <concepts>\n#include <span>\nstatic_assert(std::bit_width(4u) == 3 && std::integral<int>);\nint main() { return std::span<int>{}.size(); }\n');
    const child = spawnSync(compiler, ['-std=c++20', '-fsyntax-only', source], { timeout: 60_000, encoding: 'utf8' });
    return child.status === 0 ? null : `${compiler} does not compile C++20: ${hint}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function versionIn(text) {
  const match = text === null ? null : /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return match === null ? null : match.slice(1).filter((part) => part !== undefined).map(Number);
}

export function isOlder(version, least) {
  const at = least.findIndex((part, i) => (version[i] ?? 0) !== part);
  return at >= 0 && (version[at] ?? 0) < least[at];
}
