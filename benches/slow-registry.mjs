// A registry on loopback whose every answer comes late, for measuring: it keeps publishes in memory, takes any token, checks
// nothing, and counts what it is asked. `node slow-registry.mjs LATENCY_MS` prints `listening PORT`; it ends when stdin closes.
//
// Beside the registry's own paths: `GET /-/bench/stats` says what was asked since the last `POST /-/bench/reset`, which also
// forgets all packages. Neither is delayed or counted.
import http from 'node:http';
import { createHash } from 'node:crypto';

const latencyMs = Number(process.argv[2] ?? 80);
const bodyBytesMax = 64 * 1024 * 1024;
let packages = new Map();
let stats;

function reset() {
  packages = new Map();
  stats = {
    connections: 0, requests: 0, inFlight: 0, inFlightMax: 0, outOfOrder: [],
    byMethod: {}, byPackage: {}, firstMs: null, lastMs: null,
  };
}
reset();

function send(response, status, value) {
  const body = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
  const type = Buffer.isBuffer(value) ? 'application/octet-stream' : 'application/json';
  response.writeHead(status, { 'content-type': type, 'content-length': body.length });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

function publish(name, text) {
  const document = JSON.parse(text);
  const held = packages.get(name) ?? { _id: name, name, 'dist-tags': {}, versions: {}, time: {}, tarballs: new Map() };
  const attachments = Object.values(document._attachments ?? {});
  for (const [version, manifest] of Object.entries(document.versions ?? {})) {
    if (held.versions[version]) return [403, { error: `cannot publish over ${version}` }];
    const bytes = Buffer.from(attachments[0]?.data ?? '', 'base64');
    const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    if (manifest.dist?.integrity && manifest.dist.integrity !== integrity) return [400, { error: 'other bytes than said' }];
    const file = `${name.split('/').pop()}-${version}.tgz`;
    held.tarballs.set(file, bytes);
    const tarball = `http://127.0.0.1:${server.address().port}/${name}/-/${file}`;
    held.versions[version] = { ...manifest, dist: { ...manifest.dist, integrity, tarball } };
    held.time[version] = new Date().toISOString();
    // What it depends on must be there before it; `workspace:` must never arrive.
    for (const [dependency, range] of Object.entries(manifest.dependencies ?? {})) {
      if (!packages.has(dependency)) stats.outOfOrder.push(`${name} before ${dependency}`);
      if (/^(workspace|catalog|link|file):/.test(range)) return [400, { error: `${dependency}@${range}` }];
    }
  }
  Object.assign(held['dist-tags'], document['dist-tags']);
  packages.set(name, held);
  return [201, { ok: true, success: true }];
}

function answer(method, path, text) {
  const [name, file] = path.split('/-/');
  if (path.startsWith('-/')) {
    return path === '-/whoami' ? [200, { username: 'bench' }] : path === '-/ping' ? [200, {}] : [404, { error: 'not found' }];
  }
  if (method === 'PUT') return publish(name, text);
  const held = packages.get(name);
  if (!held) return [404, { error: 'not_found' }];
  if (file !== undefined) return held.tarballs.has(file) ? [200, held.tarballs.get(file)] : [404, { error: 'not found' }];
  const { tarballs, ...document } = held;
  return [200, document];
}

const server = http.createServer((request, response) => {
  const path = decodeURIComponent(new URL(request.url, 'http://loopback').pathname.slice(1));
  if (path === '-/bench/reset') { reset(); return send(response, 200, {}); }
  if (path === '-/bench/stats') {
    const bytes = [...packages].map(([name, held]) => [name, [...held.tarballs.values()].reduce((sum, one) => sum + one.length, 0)]);
    return send(response, 200, { ...stats, published: Object.fromEntries(bytes) });
  }
  const now = performance.now();
  stats.firstMs ??= now;
  stats.requests += 1;
  stats.inFlight += 1;
  stats.inFlightMax = Math.max(stats.inFlightMax, stats.inFlight);
  const kind = path.includes('/-/') ? `${request.method} tarball` : path.startsWith('-/') ? `${request.method} other` : `${request.method} package`;
  stats.byMethod[kind] = (stats.byMethod[kind] ?? 0) + 1;
  const name = path.split('/-/')[0];
  stats.byPackage[name] = (stats.byPackage[name] ?? 0) + 1;
  const chunks = [];
  let size = 0;
  request.on('data', (chunk) => {
    size += chunk.length;
    if (size > bodyBytesMax) request.destroy(); else chunks.push(chunk);
  });
  request.on('end', () => setTimeout(() => {
    const [status, value] = answer(request.method, path, Buffer.concat(chunks).toString());
    send(response, status, value);
    stats.inFlight -= 1;
    stats.lastMs = performance.now();
  }, latencyMs));
});
server.on('connection', () => { stats.connections += 1; });
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
