#!/usr/bin/env node
console.log(require('..').run());
