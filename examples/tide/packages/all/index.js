'use strict';

module.exports = { ...require('tide-math'), ...require('tide-format') };
