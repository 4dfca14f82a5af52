// Starts verdaccio on a free loopback port, in the folder given as argument; prints `listening PORT`; ends when stdin closes.
const path = require('node:path');
const fs = require('node:fs');
const { runServer } = require('verdaccio');

const folder = process.argv[2];
const config = path.join(folder, 'config.yaml');
fs.writeFileSync(config, `
storage: ${JSON.stringify(path.join(folder, 'storage'))}
auth:
  htpasswd:
    file: ${JSON.stringify(path.join(folder, 'htpasswd'))}
    max_users: 10
uplinks: {}
packages:
  '**':
    access: $all
    publish: $authenticated
    unpublish: $authenticated
max_body_size: 50mb
log: { type: file, path: ${JSON.stringify(path.join(folder, 'log'))}, format: json, level: http }
`);
runServer(config).then((server) => {
  server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
