/** Colours of the picture, light and dark. */
import type { SceneTheme } from './graph-scene.ts';

export const DARK_SCENE: SceneTheme = {
  paper: '#0c1117',
  ink: '#e8eef4',
  accent: '#7cc4ff',
  alarm: '#ff8a65',
  topology: '#7d91a6',
  talk: '#6ea8dc',
  flash: '#d7ecff',
  ringFill: 0.055,
};

export const LIGHT_SCENE: SceneTheme = {
  paper: '#fbfcfd',
  ink: '#17212b',
  accent: '#0b62c4',
  alarm: '#c23d00',
  topology: '#64748a',
  talk: '#2f6fae',
  flash: '#0b3f78',
  ringFill: 0.07,
};
