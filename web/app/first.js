// What the page waits for longest is begun here, before the rest of its scripts has arrived: the index names this first.
import { page } from './places.js';
import { remembered } from './settings.js';
import { SmallFiles } from './small-files.js';

export const modelFolder = new URL('models/', page);
export const smallFiles = new SmallFiles(modelFolder);

smallFiles.fetchAhead({ configs: remembered('backend') === 'core' });
