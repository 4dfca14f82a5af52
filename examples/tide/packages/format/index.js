'use strict';

const { level } = require('tide-core');
exports.text = () => `level ${level()}`;
