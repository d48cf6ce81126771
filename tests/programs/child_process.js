// SPDX-License-Identifier: MIT
// node's child_process: spawn, exec, execFile, fork with messages, the synchronous ones, errors, signals; 100 at once.
// prints: at once 100
// prints: sync 40
// prints: exec 3 out
// prints: missing ENOENT ENOENT
// prints: denied EACCES
// prints: killed SIGTERM
// prints: fork 42
// prints: stdin 1000000
const { spawn, spawnSync, exec, execFileSync, fork } = require('child_process');
const fs = require('fs');

if (process.argv[2] === 'child') {
  process.on('message', (n) => process.send(n * 2, () => process.disconnect()));
} else {
  main();
}

function ended(child) {
  return new Promise((resolve) => {
    let out = '';
    if (child.stdout) child.stdout.on('data', (data) => { out += data; });
    child.on('error', (error) => resolve({ error: error.code }));
    child.on('close', (code, signal) => resolve({ code, signal, out }));
  });
}

async function main() {
  const all = await Promise.all([...Array(100).keys()].map((n) => ended(spawn('/bin/sh', ['-c', `echo ${n}; exit ${n}`]))));
  console.log('at once', all.filter((one, n) => one.code === n && one.out === `${n}\n`).length);
  let right = 0;
  for (let n = 0; n < 40; n++) right += Number(execFileSync('/bin/echo', [n]).toString()) === n;
  console.log('sync', right);
  const failed = await new Promise((resolve) => exec('echo out; exit 3', (error, stdout) => resolve([error.code, stdout.trim()])));
  console.log('exec', ...failed);
  console.log('missing', (await ended(spawn('./missing'))).error, spawnSync('./missing').error.code);
  fs.writeFileSync('plain', '');
  console.log('denied', (await ended(spawn('./plain'))).error);
  const sleeper = spawn('sleep', ['1000']);
  sleeper.on('spawn', () => sleeper.kill());
  console.log('killed', (await ended(sleeper)).signal);
  const child = fork(__filename, ['child']);
  child.send(21);
  console.log('fork', await new Promise((resolve) => child.on('message', resolve)));
  await ended(child);
  const counter = spawn('wc', ['-c']);
  counter.stdin.end('x'.repeat(1000000));
  console.log('stdin', (await ended(counter)).out.trim());
}
