'use strict';

const { HarborError } = require('@harbor/errors');
exports.text = (value) => {
  if (typeof value !== 'string') throw new HarborError('not a text', 'pass a string');
  return value;
};
