import { tellStory } from './story.ts';

tellStory('on the emulated Gitea', { gitea: '1.26' });
