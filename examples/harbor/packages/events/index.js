'use strict';

const { line } = require('@harbor/log');
exports.emit = (name) => line('event', name);
