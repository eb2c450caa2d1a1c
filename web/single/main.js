// The page's scripts as one, for the single-file build: the parts come first, then the page as it is.
import './inside.js';
import '../app/main.js';
