'use strict';

const { level } = require('tide-core');
exports.twice = () => 2 * level();
