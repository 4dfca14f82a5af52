// A registry on loopback for findings: one package, of which the argument says as JSON which versions there are (with
// what their manifests say beside name and version) and what `latest` names. Prints its port.
import http from 'node:http';
import zlib from 'node:zlib';
import { createHash } from 'node:crypto';

const { name, latest, versions } = JSON.parse(process.argv[2]);

// A tarball whose one file is the manifest.
function tarball(version) {
  const body = Buffer.from(JSON.stringify({ name, version, ...versions[version] }));
  const head = Buffer.alloc(512);
  const fields = [
    ['package/package.json', 0], ['0000644', 100], ['0000000', 108], ['0000000', 116],
    [body.length.toString(8).padStart(11, '0'), 124], ['00000000000', 136], ['        ', 148], ['0', 156],
    ['ustar\x0000', 257],
  ];
  for (const [text, at] of fields) head.write(text, at);
  head.write(head.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0') + '\0 ', 148);
  const padding = Buffer.alloc(((512 - (body.length % 512)) % 512) + 1024);
  return zlib.gzipSync(Buffer.concat([head, body, padding]));
}

function packument(base) {
  const all = Object.keys(versions).map((version) => {
    const integrity = 'sha512-' + createHash('sha512').update(tarball(version)).digest('base64');
    const dist = { tarball: `${base}/${name}/-/${name}-${version}.tgz`, integrity };
    return [version, { name, version, ...versions[version], dist }];
  });
  const time = Object.fromEntries(Object.keys(versions).map((version) => [version, '2020-01-01T00:00:00.000Z']));
  return { name, 'dist-tags': { latest }, versions: Object.fromEntries(all), time };
}

const server = http.createServer((request, response) => {
  const path = request.url.split('?')[0];
  const wanted = Object.keys(versions).find((version) => path === `/${name}/-/${name}-${version}.tgz`);
  if (wanted) return response.end(tarball(wanted));
  if (path !== `/${name}`) return response.writeHead(404).end('{}');
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(packument(`http://127.0.0.1:${server.address().port}`)));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
