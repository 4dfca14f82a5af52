'use strict';

exports.level = () => 3;
