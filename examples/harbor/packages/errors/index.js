'use strict';

exports.HarborError = class HarborError extends Error {
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
};
