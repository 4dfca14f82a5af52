'use strict';

const { digest } = require('@harbor/crypto');
const { get } = require('@harbor/http');
exports.login = (name) => `${get('/login')} ${digest(name).slice(0, 8)}`;
