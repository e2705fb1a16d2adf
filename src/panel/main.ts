import { startPanel } from './loader.ts';

startPanel(document, window);
