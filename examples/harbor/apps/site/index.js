require('@harbor/cli');
