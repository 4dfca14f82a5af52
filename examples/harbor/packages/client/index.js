'use strict';

const { login } = require('@harbor/auth');
const { text } = require('@harbor/schema');
exports.connect = (name) => login(text(name));
