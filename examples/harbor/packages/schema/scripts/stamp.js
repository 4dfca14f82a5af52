// A build step as many packages have one: it writes a file that is packed.
require('node:fs').writeFileSync('stamp.txt', `${process.env.npm_package_name}\n`);
