'use strict';

const { text } = require('@harbor/schema');
const { line } = require('@harbor/log');
exports.read = (source) => line('config', text(source));
