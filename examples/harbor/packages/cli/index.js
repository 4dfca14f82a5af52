'use strict';

const { connect } = require('@harbor/client');
const { read } = require('@harbor/config');
exports.run = () => `${read('harbor')} ${connect('captain')}`;
