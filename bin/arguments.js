import { parseArgs } from 'node:util';

/**
 * The options of a script of this folder, each `{type, default, form, fits}` as `util.parseArgs` has them; `fits` tells whether
 * a value is right, `form` what it looks like. Prints the help when it is asked for; what cannot be understood ends the process
 * with a line on standard error and exit code 2.
 */
export const readArguments = (script, help, options) => {
  const refuse = fault => {
    process.stderr.write(`npm run ${script}: ${fault} \`npm run ${script} -- --help\` tells what there is.\n`);
    process.exit(2);
  };
  try {
    const known = Object.entries(options).map(([name, { form: _form, fits: _fits, ...option }]) => [name, option]);
    const { values } = parseArgs({
      options: { ...Object.fromEntries(known), help: { type: 'boolean', short: 'h', default: false } },
    });
    if (values.help) {
      console.log(help);
      process.exit(0);
    }
    for (const [name, { fits, form }] of Object.entries(options)) {
      const value = values[name];
      if (value !== undefined && fits !== undefined && !fits(value))
        refuse(`bad value for --${name}: expected ${form}, got ${JSON.stringify(value)}.`);
    }
    return values;
  } catch (error) {
    if (!error.code?.startsWith('ERR_PARSE_ARGS')) throw error;
    return refuse(`${error.message.split(/\.?(?:\s*\n|\. |$)/)[0]}.`);
  }
};

export const count = (minimum, other) => ({
  type: 'string',
  default: other,
  form: `a whole number from ${minimum}`,
  fits: text => /^\d{1,9}$/.test(text) && Number(text) >= minimum,
});

export const driverName = other => ({
  type: 'string',
  default: other,
  form: 'docker or process',
  fits: text => text === 'docker' || text === 'process',
});
