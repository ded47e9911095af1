// `npm start`: sets the checkout up if need be, then is the same as bin/miniwhisk.js.
import { setUp } from './setup.js';

setUp();
await import('./miniwhisk.js');
