'use strict';

const { line } = require('@harbor/log');
exports.report = () => line('report', 'ready');
