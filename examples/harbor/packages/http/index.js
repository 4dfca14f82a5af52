'use strict';

const { line } = require('@harbor/log');
exports.get = (url) => line('get', url);
