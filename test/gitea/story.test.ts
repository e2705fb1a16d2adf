import { realGiteaOf } from '../../src/demo/real-forge.ts';
import { tellStory } from '../browser/story.ts';

tellStory('on a real Gitea', { realGitea: realGiteaOf(process.env)! });
