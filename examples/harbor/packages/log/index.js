'use strict';

exports.line = (level, text) => `${level}: ${text}`;
