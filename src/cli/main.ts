#!/usr/bin/env node
import { createProcessIo } from './process-io.js';
import { runCli } from './run.js';

// Not process.exit: what is still on its way to stdout must arrive.
process.exitCode = await runCli(process.argv.slice(2), createProcessIo());
