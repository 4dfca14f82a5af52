'use strict';

const { createHash } = require('node:crypto');
exports.digest = (text) => createHash('sha256').update(text).digest('hex');
