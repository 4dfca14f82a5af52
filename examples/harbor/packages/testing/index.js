'use strict';

const { open } = require('@harbor/store');
exports.fixture = () => open();
