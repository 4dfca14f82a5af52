'use strict';

exports.useHarbor = () => require('@harbor/client').connect('react');
