'use strict';

const { text } = require('@harbor/schema');
const { emit } = require('@harbor/events');
exports.open = () => new Map([[text('opened'), emit('open')]]);
