/** Controls for choosing, on React Aria: a list that opens, a row of segments, an explanation that opens. */
import type { ReactNode } from 'react';
import {
  Button,
  Dialog,
  DialogTrigger,
  ListBox,
  ListBoxItem,
  Popover,
  Select,
  SelectValue,
  ToggleButton,
  ToggleButtonGroup,
} from 'react-aria-components';
import { icons } from './icons.tsx';

export interface Option {
  readonly id: string;
  readonly name: string;
  readonly count?: string | undefined;
}

export function Choose({
  label,
  options,
  value,
  onChange,
  unset,
}: {
  readonly label: string;
  readonly options: readonly Option[];
  readonly value: string;
  readonly onChange: (id: string) => void;
  /** The option that means “no filter”. */
  readonly unset?: string;
}): ReactNode {
  const chosen = options.find(({ id }) => id === value);
  return (
    <Select className="select" aria-label={label} value={value} onChange={(key) => onChange(String(key))}>
      <Button className={unset !== undefined && value !== unset ? 'select-button set' : 'select-button'}>
        <SelectValue>{chosen?.name ?? value}</SelectValue>
        {icons.chevron}
      </Button>
      <Popover className="popover" offset={4}>
        <ListBox items={options.map((option) => ({ ...option }))}>
          {(option) => (
            <ListBoxItem className="option" id={option.id} textValue={option.name}>
              <span>{option.name}</span>
              {option.count === undefined ? null : <span className="count">{option.count}</span>}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  );
}

export function Segments({
  label,
  options,
  value,
  onChange,
}: {
  readonly label: string;
  readonly options: readonly Option[];
  readonly value: string;
  readonly onChange: (id: string) => void;
}): ReactNode {
  return (
    <ToggleButtonGroup
      className="segments"
      aria-label={label}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys) => {
        const [key] = keys;
        if (key !== undefined) onChange(String(key));
      }}
    >
      {options.map(({ id, name }) => (
        <ToggleButton key={id} id={id} className="segment">
          {name}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}

/** A question mark that opens an explanation. */
export function Explain({ label, children }: { readonly label: string; readonly children: ReactNode }): ReactNode {
  return (
    <DialogTrigger>
      <Button className="icon-button tiny" aria-label={label}>
        {icons.question}
      </Button>
      <Popover className="popover text" placement="bottom start">
        <Dialog aria-label={label}>{children}</Dialog>
      </Popover>
    </DialogTrigger>
  );
}
